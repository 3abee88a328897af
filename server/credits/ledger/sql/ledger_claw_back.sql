-- Takes back credits of a purchase that was refunded or disputed: bonus that is neither spent nor needed by open holds;
-- the rest is owed. The entry's metadata holds the claw-back's facts. Outcome: 'ok', 'replayed' or 'no_account'.
CREATE OR REPLACE FUNCTION ledger_claw_back(
  p_entry text, p_org text, p_amount bigint, p_key text, p_user text, p_note text, p_metadata jsonb, p_now timestamptz,
  OUT outcome text, OUT taken bigint, OUT owed bigint
) LANGUAGE plpgsql AS $$
DECLARE v_free bigint; v_owner text;
BEGIN
  IF p_amount <= 0 THEN RAISE EXCEPTION 'a claw-back is above zero'; END IF;
  SELECT greatest(least(b."bonus", b."monthly" + b."bonus" - b."held"), 0) INTO v_free
    FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  taken := 0; owed := 0;
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  SELECT e."organizationId", -e."amount", (e."metadata"->>'owed')::bigint INTO v_owner, taken, owed FROM "CreditEntry" e WHERE e."idempotencyKey" = p_key;
  IF FOUND THEN
    IF v_owner <> p_org THEN RAISE EXCEPTION 'idempotency key of another organization'; END IF;
    outcome := 'replayed';
    RETURN;
  END IF;
  taken := least(p_amount, v_free);
  owed := p_amount - taken;
  PERFORM ledger_write(p_entry, p_org, 'refund', 0, -taken, p_key, p_user, p_note,
    coalesce(p_metadata, '{}'::jsonb) || jsonb_build_object('clawBack', p_amount::text, 'owed', owed::text), p_now);
  IF owed > 0 THEN
    UPDATE "CreditBalance" b SET "owed" = b."owed" + ledger_claw_back.owed WHERE b."organizationId" = p_org;
  END IF;
  outcome := 'ok';
END $$;
