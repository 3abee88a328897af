-- Charges the true cost of a call and closes its hold: monthly credits first, never below the overdraft limit. The rest is
-- absorbed. A settlement after the hold's expiry still charges. Outcome: 'ok', 'late', 'replayed', 'released' or 'not_found'.
CREATE OR REPLACE FUNCTION ledger_settle(
  p_entry text, p_org text, p_hold text, p_actual bigint, p_estimated bigint, p_call text, p_user text, p_note text,
  p_metadata jsonb, p_now timestamptz,
  OUT outcome text, OUT charged bigint, OUT absorbed bigint, OUT balance_after bigint
) LANGUAGE plpgsql AS $$
DECLARE
  v_monthly bigint; v_funds bigint; v_total bigint; v_held bigint; v_open bigint; v_from_monthly bigint;
  v_status "CreditHoldStatus"; v_amount bigint; v_project text; v_run text; v_task text; v_user text;
BEGIN
  IF p_actual < 0 THEN RAISE EXCEPTION 'a cost is never negative'; END IF;
  SELECT b."monthly", b."monthly" + b."bonus", b."monthly" + b."bonus" + b."overdraftLimit", b."held" INTO v_monthly, v_total, v_funds, v_held
    FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  -- Read without a lock of its own: a hold's status and amount only change under the balance's.
  SELECT h."status", h."amount", coalesce(h."settledAmount", 0), h."projectId", h."runId", h."taskId", h."userId"
    INTO v_status, v_amount, charged, v_project, v_run, v_task, v_user
    FROM "CreditHold" h WHERE h."id" = p_hold AND CASE WHEN h."organizationId" = p_org THEN true ELSE false END;
  absorbed := 0;
  IF NOT FOUND THEN outcome := 'not_found'; charged := 0; balance_after := 0; RETURN; END IF;
  IF v_status IN ('settled', 'released') THEN
    outcome := CASE v_status WHEN 'settled' THEN 'replayed' ELSE 'released' END;
    balance_after := v_total;
    SELECT e."absorbed" INTO absorbed FROM "CreditEntry" e WHERE e."idempotencyKey" = 'settle:' || p_hold;
    absorbed := coalesce(absorbed, 0);
    RETURN;
  END IF;
  v_open := CASE v_status WHEN 'pending' THEN v_amount ELSE 0 END;
  -- A hold that is still open is covered in full, whatever other holds there are; nothing goes below the overdraft limit.
  charged := greatest(least(p_actual, greatest(v_funds - (v_held - v_open), v_open), v_funds), 0);
  absorbed := p_actual - charged;
  v_from_monthly := least(charged, v_monthly);
  balance_after := v_total - charged;
  UPDATE "CreditBalance" b SET "monthly" = b."monthly" - v_from_monthly, "bonus" = b."bonus" - (charged - v_from_monthly),
    "held" = b."held" - v_open, "updatedAt" = p_now WHERE b."organizationId" = p_org;
  UPDATE "CreditHold" h SET "status" = 'settled', "settledAmount" = charged, "closedAt" = p_now WHERE h."id" = p_hold;
  INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "estimated", "actual",
    "absorbed", "holdId", "modelCallId", "projectId", "runId", "taskId", "userId", "idempotencyKey", "note", "metadata", "createdAt")
  VALUES (p_entry, p_org, 'usage', -charged, -v_from_monthly, v_from_monthly - charged, balance_after, coalesce(p_estimated, v_amount), p_actual,
    absorbed, p_hold, p_call, v_project, v_run, v_task, coalesce(p_user, v_user), 'settle:' || p_hold, p_note, coalesce(p_metadata, '{}'::jsonb), p_now);
  outcome := CASE v_status WHEN 'pending' THEN 'ok' ELSE 'late' END;
END $$;
