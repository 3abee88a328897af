-- Adds credits to one bucket, or takes them (a negative amount). A top-up first repays what the organization owes.
-- Outcome: 'ok', 'replayed', 'insufficient' or 'no_account'.
CREATE OR REPLACE FUNCTION ledger_grant(
  p_entry text, p_org text, p_kind "CreditEntryKind", p_amount bigint, p_bucket text, p_key text, p_user text, p_note text,
  p_metadata jsonb, p_now timestamptz,
  OUT outcome text, OUT balance_after bigint, OUT repaid bigint
) LANGUAGE plpgsql AS $$
DECLARE v_bucket bigint; v_free bigint; v_owed bigint; v_owner text;
BEGIN
  repaid := 0;
  SELECT b."monthly" + b."bonus", CASE p_bucket WHEN 'monthly' THEN b."monthly" ELSE b."bonus" END, b."monthly" + b."bonus" - b."held", b."owed"
    INTO balance_after, v_bucket, v_free, v_owed FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  IF NOT FOUND THEN outcome := 'no_account'; balance_after := 0; RETURN; END IF;
  SELECT e."organizationId" INTO v_owner FROM "CreditEntry" e WHERE e."idempotencyKey" = p_key;
  IF FOUND THEN
    IF v_owner <> p_org THEN RAISE EXCEPTION 'idempotency key of another organization'; END IF;
    outcome := 'replayed';
    RETURN;
  END IF;
  IF p_amount < 0 AND -p_amount > least(v_bucket, v_free) THEN outcome := 'insufficient'; RETURN; END IF;
  balance_after := ledger_write(p_entry, p_org, p_kind, CASE p_bucket WHEN 'monthly' THEN p_amount ELSE 0 END,
    CASE p_bucket WHEN 'monthly' THEN 0 ELSE p_amount END, p_key, p_user, p_note, p_metadata, p_now);
  outcome := 'ok';
  IF p_kind = 'topup_purchase' AND v_owed > 0 AND p_amount > 0 THEN
    repaid := least(v_owed, p_amount);
    UPDATE "CreditBalance" b SET "owed" = b."owed" - repaid WHERE b."organizationId" = p_org;
    balance_after := ledger_write(gen_random_uuid()::text, p_org, 'refund', CASE p_bucket WHEN 'monthly' THEN -repaid ELSE 0 END,
      CASE p_bucket WHEN 'monthly' THEN 0 ELSE -repaid END, p_key || ':owed', p_user, 'Repays credits of a refunded purchase',
      jsonb_build_object('owed', (-repaid)::text, 'repaidBy', p_key), p_now);
  END IF;
END $$;
