-- Micro-credits that are neither spent nor held.
CREATE OR REPLACE FUNCTION get_available_credits(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT "monthly" + "bonus" - "held" FROM "CreditBalance" WHERE "organizationId" = org), 0)::bigint
$$;
