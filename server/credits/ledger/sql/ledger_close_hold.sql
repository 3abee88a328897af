-- Ends a hold without a charge. Outcome: 'ok', 'closed' (was not pending, or not yet stale) or 'not_found'.
CREATE OR REPLACE FUNCTION ledger_close_hold(p_org text, p_hold text, p_status "CreditHoldStatus", p_now timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE v_amount bigint;
BEGIN
  PERFORM 1 FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  -- Tested in the update itself: a renewal of the hold does not take the balance's lock.
  UPDATE "CreditHold" h SET "status" = p_status, "closedAt" = p_now
    WHERE h."id" = p_hold
      AND CASE WHEN h."status" = 'pending' AND h."organizationId" = p_org THEN p_status <> 'expired' OR h."expiresAt" <= p_now ELSE false END
    RETURNING h."amount" INTO v_amount;
  IF FOUND THEN
    UPDATE "CreditBalance" b SET "held" = b."held" - v_amount, "updatedAt" = p_now WHERE b."organizationId" = p_org;
    RETURN 'ok';
  END IF;
  PERFORM 1 FROM "CreditHold" h WHERE h."id" = p_hold AND CASE WHEN h."organizationId" = p_org THEN true ELSE false END;
  RETURN CASE WHEN FOUND THEN 'closed' ELSE 'not_found' END;
END $$;
