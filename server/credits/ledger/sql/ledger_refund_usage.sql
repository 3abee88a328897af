-- Gives back what one model call was charged: to the monthly bucket only within the period of the charge.
-- Outcome: 'ok', 'replayed' or 'not_found'.
CREATE OR REPLACE FUNCTION ledger_refund_usage(p_entry text, p_org text, p_call text, p_note text, p_now timestamptz, OUT outcome text, OUT refunded bigint)
LANGUAGE plpgsql AS $$
DECLARE v_start timestamptz; v_after bigint; v_monthly bigint; v_bonus bigint; used "CreditEntry";
BEGIN
  SELECT b."periodStart" INTO v_start FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  SELECT e.* INTO used FROM "CreditEntry" e
    WHERE e."modelCallId" = p_call AND CASE WHEN e."kind" = 'usage' THEN e."organizationId" = p_org ELSE false END;
  refunded := 0;
  IF NOT FOUND THEN outcome := 'not_found'; RETURN; END IF;
  refunded := -used."amount";
  PERFORM 1 FROM "CreditEntry" e WHERE e."idempotencyKey" = 'refund:' || used."id";
  IF FOUND THEN outcome := 'replayed'; RETURN; END IF;
  v_monthly := CASE WHEN used."createdAt" >= v_start THEN -used."monthlyDelta" ELSE 0 END;
  v_bonus := refunded - v_monthly;
  UPDATE "CreditBalance" b SET "monthly" = b."monthly" + v_monthly, "bonus" = b."bonus" + v_bonus, "updatedAt" = p_now
    WHERE b."organizationId" = p_org RETURNING b."monthly" + b."bonus" INTO v_after;
  INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "absorbed", "holdId",
    "modelCallId", "projectId", "runId", "taskId", "userId", "idempotencyKey", "note", "metadata", "createdAt")
  VALUES (p_entry, p_org, 'usage_refund', refunded, v_monthly, v_bonus, v_after, refunded, used."holdId", p_call, used."projectId", used."runId",
    used."taskId", used."userId", 'refund:' || used."id", p_note,
    CASE WHEN used."createdAt" >= v_start THEN '{}'::jsonb ELSE '{"earlier": true}'::jsonb END, p_now);
  outcome := 'ok';
END $$;
