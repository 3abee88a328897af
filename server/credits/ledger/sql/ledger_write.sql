-- Changes a balance and writes the entry that explains it. Returns the balance after. The caller holds the balance's lock.
CREATE OR REPLACE FUNCTION ledger_write(
  p_id text, p_org text, p_kind "CreditEntryKind", p_monthly bigint, p_bonus bigint, p_key text, p_user text, p_note text, p_metadata jsonb, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_after bigint;
BEGIN
  UPDATE "CreditBalance" b SET "monthly" = b."monthly" + p_monthly, "bonus" = b."bonus" + p_bonus, "updatedAt" = p_now
    WHERE b."organizationId" = p_org RETURNING b."monthly" + b."bonus" INTO v_after;
  IF NOT FOUND THEN RAISE EXCEPTION 'no credit account for %', p_org; END IF;
  INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "userId", "idempotencyKey",
    "note", "metadata", "createdAt")
  VALUES (p_id, p_org, p_kind, p_monthly + p_bonus, p_monthly, p_bonus, v_after, p_user, p_key, p_note, coalesce(p_metadata, '{}'::jsonb), p_now);
  RETURN v_after;
END $$;
