-- Puts off a pending hold's expiry; an expiry never comes nearer. Returns whether the hold is pending.
CREATE OR REPLACE FUNCTION ledger_renew_hold(p_org text, p_hold text, p_expires timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "CreditHold" h SET "expiresAt" = greatest(h."expiresAt", p_expires)
    WHERE h."id" = p_hold AND CASE WHEN h."status" = 'pending' THEN h."organizationId" = p_org ELSE false END;
  RETURN FOUND;
END $$;
