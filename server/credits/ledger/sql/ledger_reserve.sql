-- Outcome: 'ok', 'replayed', 'insufficient', 'over_budget' (`available` is then what is left of the member's budget, 0 for
-- somebody who is no member) or 'no_account'. A call of the instance itself names no user and has no budget.
CREATE OR REPLACE FUNCTION ledger_reserve(
  p_id text, p_org text, p_amount bigint, p_key text, p_now timestamptz, p_expires timestamptz,
  p_project text, p_run text, p_task text, p_user text, p_role text,
  OUT outcome text, OUT hold_id text, OUT hold_amount bigint, OUT available bigint, OUT resets_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE v_budget bigint; v_available bigint; v_start timestamptz; v_end timestamptz; v_left bigint; v_owner text;
BEGIN
  IF p_user IS NOT NULL THEN
    SELECT m."monthlyBudgetMicro" INTO v_budget FROM "Membership" m WHERE m."organizationId" = p_org AND m."userId" = p_user;
    -- Who is no member (has left, was removed, never was one) has nothing to spend here, and no row must not mean no limit.
    IF NOT FOUND THEN v_budget := 0; END IF;
  END IF;
  IF v_budget IS NULL THEN
    -- The usual case: test, lock and change are one update. Only the unique key can still object; then it is taken back.
    UPDATE "CreditBalance" b SET "held" = b."held" + p_amount, "updatedAt" = p_now
      WHERE b."organizationId" = p_org AND b."monthly" + b."bonus" - b."held" >= p_amount
      RETURNING b."monthly" + b."bonus" - b."held" INTO v_available;
    IF FOUND THEN
      INSERT INTO "CreditHold" ("id", "organizationId", "amount", "idempotencyKey", "projectId", "runId", "taskId", "userId", "role", "expiresAt", "createdAt")
        VALUES (p_id, p_org, p_amount, p_key, p_project, p_run, p_task, p_user, p_role, p_expires, p_now)
        ON CONFLICT ("idempotencyKey") DO NOTHING;
      IF FOUND THEN
        outcome := 'ok'; hold_id := p_id; hold_amount := p_amount; available := v_available;
        RETURN;
      END IF;
      UPDATE "CreditBalance" b SET "held" = b."held" - p_amount WHERE b."organizationId" = p_org;
    END IF;
  END IF;
  SELECT b."monthly" + b."bonus" - b."held", b."periodStart", b."periodEnd" INTO v_available, v_start, v_end
    FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  hold_amount := p_amount; available := coalesce(v_available, 0);
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  SELECT h."id", h."amount", h."organizationId" INTO hold_id, hold_amount, v_owner FROM "CreditHold" h WHERE h."idempotencyKey" = p_key;
  IF FOUND THEN
    IF v_owner <> p_org THEN RAISE EXCEPTION 'idempotency key of another organization'; END IF;
    outcome := 'replayed';
    RETURN;
  END IF;
  hold_id := NULL; hold_amount := p_amount;
  IF v_budget IS NOT NULL THEN
    v_left := v_budget - get_member_committed(p_org, p_user, v_start);
    IF v_left < p_amount THEN
      outcome := 'over_budget'; available := greatest(v_left, 0); resets_at := v_end;
      RETURN;
    END IF;
  END IF;
  IF v_available < p_amount THEN outcome := 'insufficient'; resets_at := v_end; RETURN; END IF;
  INSERT INTO "CreditHold" ("id", "organizationId", "amount", "idempotencyKey", "projectId", "runId", "taskId", "userId", "role", "expiresAt", "createdAt")
    VALUES (p_id, p_org, p_amount, p_key, p_project, p_run, p_task, p_user, p_role, p_expires, p_now);
  UPDATE "CreditBalance" b SET "held" = b."held" + p_amount, "updatedAt" = p_now WHERE b."organizationId" = p_org;
  outcome := 'ok'; hold_id := p_id; available := v_available - p_amount;
END $$;
