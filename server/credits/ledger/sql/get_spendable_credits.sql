-- Micro-credits that may still be reserved: available credits and the overdraft, never below zero.
CREATE OR REPLACE FUNCTION get_spendable_credits(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT greatest("monthly" + "bonus" - "held" + "overdraftLimit", 0) FROM "CreditBalance" WHERE "organizationId" = org), 0)::bigint
$$;
