-- History. The current source of every SQL function and trigger stands in server/*/**/sql/, one file each.

-- Ledger functions for plans, claw-backs and member budgets (data-and-money.md), and the hot ones rewritten to touch the
-- balance row once. Amounts are micro-credits. Every function takes the balance row's lock before it reads anything that
-- another transition could change; nothing but these functions changes a balance, a hold's status or an organization's plan.
-- Rows are found by their own key alone, and tested inside CASE: an embedded database has no statistics, and the planner
-- would as soon take the index by organization or by status, and read all of an account's rows to find the one.

-- The balance row is the hot one: room on its page lets an update stay there without a new index entry.
ALTER TABLE "CreditBalance" SET (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE "CreditHold" SET (fillfactor = 80);

-- The guards as conditions of the triggers: a lawful change does not pay for a function call.
DROP TRIGGER credit_hold_guard ON "CreditHold";
DROP FUNCTION credit_hold_guard();
CREATE FUNCTION credit_hold_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN RAISE EXCEPTION 'a closed hold never changes'; END IF;
  RAISE EXCEPTION 'a hold is never deleted';
END $$;
CREATE TRIGGER credit_hold_closed BEFORE UPDATE ON "CreditHold" FOR EACH ROW
  WHEN (OLD."status" IN ('settled', 'released') OR NEW."amount" <> OLD."amount" OR NEW."organizationId" <> OLD."organizationId")
  EXECUTE FUNCTION credit_hold_refuse();
CREATE TRIGGER credit_hold_kept BEFORE DELETE ON "CreditHold" FOR EACH ROW EXECUTE FUNCTION credit_hold_refuse();
CREATE TRIGGER credit_hold_not_truncated BEFORE TRUNCATE ON "CreditHold" FOR EACH STATEMENT EXECUTE FUNCTION credit_hold_refuse();
CREATE TRIGGER credit_entry_not_truncated BEFORE TRUNCATE ON "CreditEntry" FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- A plan's period is its balance's: the reset moves both from now on.
UPDATE "OrganizationPlan" p SET "periodStart" = b."periodStart", "periodEnd" = b."periodEnd" FROM "CreditBalance" b
  WHERE b."organizationId" = p."organizationId" AND (p."periodStart" <> b."periodStart" OR p."periodEnd" <> b."periodEnd");

-- A refund of a period that has ended is marked `earlier` and does not widen what may be used in this one.
CREATE OR REPLACE FUNCTION get_used_this_period(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(-sum(e."amount"), 0)::bigint FROM "CreditEntry" e JOIN "CreditBalance" b ON b."organizationId" = e."organizationId"
  WHERE e."organizationId" = org AND e."kind" IN ('usage', 'usage_refund') AND e."createdAt" >= b."periodStart" AND NOT e."metadata" ? 'earlier'
$$;

-- What one member has used since `since`, plus what is held for them now.
CREATE FUNCTION get_member_committed(org text, member text, since timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (
    coalesce((SELECT -sum(e."amount") FROM "CreditEntry" e WHERE e."organizationId" = org AND e."userId" = member AND e."createdAt" >= since
      AND e."kind" IN ('usage', 'usage_refund') AND NOT e."metadata" ? 'earlier'), 0)
    + coalesce((SELECT sum(h."amount") FROM "CreditHold" h WHERE h."organizationId" = org AND h."status" = 'pending' AND h."userId" = member), 0)
  )::bigint
$$;

-- Outcome: 'ok', 'replayed', 'insufficient', 'over_budget' (`available` is then what is left of the member's budget) or 'no_account'.
DROP FUNCTION ledger_reserve(text, text, bigint, text, timestamptz, timestamptz, text, text, text, text, text);
CREATE FUNCTION ledger_reserve(
  p_id text, p_org text, p_amount bigint, p_key text, p_now timestamptz, p_expires timestamptz,
  p_project text, p_run text, p_task text, p_user text, p_role text,
  OUT outcome text, OUT hold_id text, OUT hold_amount bigint, OUT available bigint, OUT resets_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE v_budget bigint; v_available bigint; v_start timestamptz; v_end timestamptz; v_left bigint; v_owner text;
BEGIN
  IF p_user IS NOT NULL THEN
    SELECT m."monthlyBudgetMicro" INTO v_budget FROM "Membership" m WHERE m."organizationId" = p_org AND m."userId" = p_user;
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

-- Puts off a pending hold's expiry; an expiry never comes nearer. Returns whether the hold is pending.
CREATE FUNCTION ledger_renew_hold(p_org text, p_hold text, p_expires timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "CreditHold" h SET "expiresAt" = greatest(h."expiresAt", p_expires)
    WHERE h."id" = p_hold AND CASE WHEN h."status" = 'pending' THEN h."organizationId" = p_org ELSE false END;
  RETURN FOUND;
END $$;

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

-- Charges a hold's true cost: monthly before bonus, above the hold only what is left down to the overdraft limit and not
-- held by others; the remainder is absorbed. Outcome: 'ok', 'late' (the hold had expired), 'replayed', 'released' or 'not_found'.
DROP FUNCTION ledger_settle(text, text, text, bigint, bigint, text, text, text, jsonb, timestamptz);
CREATE FUNCTION ledger_settle(
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

-- One entry that is not a usage, and the balance moved by it. The caller has locked the balance row.
DROP FUNCTION ledger_write(text, text, "CreditEntryKind", bigint, bigint, text, timestamptz, bigint, bigint, bigint, text, text, text, text, text, text, text, jsonb);
CREATE FUNCTION ledger_write(
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

-- Adds (or, negative, takes) credits of one kind. A purchase first repays what is owed from earlier claw-backs.
-- Outcome: 'ok', 'replayed', 'insufficient' (taking more than the bucket has free) or 'no_account'.
DROP FUNCTION ledger_grant(text, text, "CreditEntryKind", bigint, text, text, text, text, jsonb, timestamptz);
CREATE FUNCTION ledger_grant(
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

-- Takes back credits of a purchase that was refunded or disputed: bonus that is neither spent nor needed by open holds;
-- the rest is owed. The entry's metadata holds the claw-back's facts. Outcome: 'ok', 'replayed' or 'no_account'.
CREATE FUNCTION ledger_claw_back(
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

-- Gives a usage entry back to the buckets it was spent from, once; the cost stays recorded as absorbed. Monthly credits of
-- a period that has ended come back as bonus: they would otherwise outlive the reset that expired them.
DROP FUNCTION ledger_refund_usage(text, text, text, text, timestamptz);
CREATE FUNCTION ledger_refund_usage(p_entry text, p_org text, p_call text, p_note text, p_now timestamptz, OUT outcome text, OUT refunded bigint)
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

-- What a plan gives an organization each period. A team gets nothing from the free plan: anyone could make one team after
-- another. NULL without such a plan.
CREATE FUNCTION get_plan_allocation(org text, plan text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p."priceUsdCents" = 0 AND EXISTS (SELECT 1 FROM "Organization" o WHERE o."id" = org AND o."kind" = 'team') THEN 0
    ELSE p."monthlyMicro" END FROM "Plan" p WHERE p."id" = plan
$$;

-- Starts a period: a due pending plan is applied, monthly credits expire and are granted anew by the plan of now; bonus and
-- open holds stay. Without a given period it is the one that contains now, once the present one has ended; a given one (an
-- invoice's) must start after the present one. One effect a period. Outcome: 'ok', 'replayed', 'not_due' or 'no_account'.
DROP FUNCTION ledger_reset(text, text, text, bigint, timestamptz, timestamptz, timestamptz);
CREATE FUNCTION ledger_reset(p_entry text, p_entry2 text, p_org text, p_start timestamptz, p_end timestamptz, p_period_ms bigint, p_now timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE bal "CreditBalance"; op "OrganizationPlan"; v_start timestamptz := p_start; v_end timestamptz := p_end; v_key text; v_plan text; v_name text; v_allocation bigint;
BEGIN
  SELECT b.* INTO bal FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN 'no_account'; END IF;
  SELECT o.* INTO op FROM "OrganizationPlan" o WHERE o."organizationId" = p_org FOR NO KEY UPDATE;
  IF v_start IS NULL THEN
    IF bal."periodEnd" > p_now THEN RETURN 'not_due'; END IF;
    -- Seconds, not days: a day is not always 24 hours in the session's time zone.
    v_start := bal."periodEnd" + make_interval(secs => floor(extract(epoch FROM p_now - bal."periodEnd") * 1000 / p_period_ms) * p_period_ms / 1000.0);
    v_end := v_start + make_interval(secs => p_period_ms / 1000.0);
  ELSIF v_start <= bal."periodStart" THEN
    -- A job may have begun this period before its invoice came: the invoice knows the period's true end.
    IF v_start = bal."periodStart" AND v_end > v_start AND v_end <> bal."periodEnd" THEN
      UPDATE "CreditBalance" b SET "periodEnd" = v_end WHERE b."organizationId" = p_org;
      UPDATE "OrganizationPlan" o SET "periodEnd" = v_end, "pendingFrom" = CASE WHEN o."pendingFrom" = bal."periodEnd" THEN v_end ELSE o."pendingFrom" END
        WHERE o."organizationId" = p_org;
    END IF;
    RETURN 'replayed';
  END IF;
  v_plan := op."planId";
  IF op."pendingPlanId" IS NOT NULL AND coalesce(op."pendingFrom" <= v_start, true) THEN v_plan := op."pendingPlanId"; END IF;
  UPDATE "OrganizationPlan" o SET "planId" = v_plan, "periodStart" = v_start, "periodEnd" = v_end, "updatedAt" = p_now,
    "pendingPlanId" = CASE WHEN v_plan = o."pendingPlanId" THEN NULL ELSE o."pendingPlanId" END,
    "pendingFrom" = CASE WHEN v_plan = o."pendingPlanId" THEN NULL ELSE o."pendingFrom" END
    WHERE o."organizationId" = p_org;
  UPDATE "CreditBalance" b SET "periodStart" = v_start, "periodEnd" = v_end WHERE b."organizationId" = p_org;
  v_key := p_org || ':' || to_char(v_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS');
  IF bal."monthly" > 0 THEN
    PERFORM ledger_write(p_entry, p_org, 'expiry', -bal."monthly", 0, 'expiry:' || v_key, NULL, NULL, NULL, p_now);
  END IF;
  SELECT p."name", get_plan_allocation(p_org, v_plan) INTO v_name, v_allocation FROM "Plan" p WHERE p."id" = v_plan;
  IF v_allocation > 0 THEN
    PERFORM ledger_write(p_entry2, p_org, 'plan_allocation', v_allocation, 0, 'allocation:' || v_key, NULL, v_name || ' plan',
      jsonb_build_object('planId', v_plan), p_now);
  END IF;
  RETURN 'ok';
END $$;

-- To a plan with more credits, at once: the difference is added to this period, and the plan's welcome credits once an
-- organization. Outcome: 'ok', 'replayed', 'not_an_upgrade', 'no_plan' or 'no_account'.
CREATE FUNCTION ledger_upgrade(
  p_entry text, p_entry2 text, p_org text, p_plan text, p_key text, p_user text, p_now timestamptz, OUT outcome text, OUT adjusted bigint
) LANGUAGE plpgsql AS $$
DECLARE v_old_id text; v_old bigint; v_new bigint; v_welcome bigint; v_name text; v_owner text;
BEGIN
  adjusted := 0;
  PERFORM 1 FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  SELECT e."organizationId", e."amount" INTO v_owner, adjusted FROM "CreditEntry" e WHERE e."idempotencyKey" = p_key;
  IF FOUND THEN
    IF v_owner <> p_org THEN RAISE EXCEPTION 'idempotency key of another organization'; END IF;
    outcome := 'replayed';
    RETURN;
  END IF;
  adjusted := 0;
  SELECT o."planId", get_plan_allocation(p_org, o."planId") INTO v_old_id, v_old FROM "OrganizationPlan" o WHERE o."organizationId" = p_org;
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  SELECT get_plan_allocation(p_org, p_plan), p."welcomeMicro", p."name" INTO v_new, v_welcome, v_name FROM "Plan" p WHERE p."id" = p_plan;
  IF NOT FOUND THEN outcome := 'no_plan'; RETURN; END IF;
  IF v_new <= v_old THEN outcome := 'not_an_upgrade'; RETURN; END IF;
  adjusted := v_new - v_old;
  UPDATE "OrganizationPlan" o SET "planId" = p_plan, "pendingPlanId" = NULL, "pendingFrom" = NULL, "updatedAt" = p_now WHERE o."organizationId" = p_org;
  PERFORM ledger_write(p_entry, p_org, 'plan_adjustment', adjusted, 0, p_key, p_user, 'Upgrade to the ' || v_name || ' plan',
    jsonb_build_object('from', v_old_id, 'to', p_plan), p_now);
  IF v_welcome > 0 AND NOT EXISTS (SELECT 1 FROM "CreditEntry" e WHERE e."idempotencyKey" = 'welcome:' || p_org || ':' || p_plan) THEN
    PERFORM ledger_write(p_entry2, p_org, 'welcome_bonus', 0, v_welcome, 'welcome:' || p_org || ':' || p_plan, p_user,
      'Welcome to the ' || v_name || ' plan', jsonb_build_object('planId', p_plan), p_now);
  END IF;
  outcome := 'ok';
END $$;

-- To another plan at once, without waiting for the period's end: monthly credits above the plan's are taken, except what
-- open holds need. The entry is written even when nothing is taken: it is the mark that this key has had its effect.
-- Outcome: 'ok', 'replayed', 'no_plan' or 'no_account'.
CREATE FUNCTION ledger_move_plan(p_entry text, p_org text, p_plan text, p_key text, p_reason text, p_now timestamptz, OUT outcome text, OUT adjusted bigint)
LANGUAGE plpgsql AS $$
DECLARE v_monthly bigint; v_needed bigint; v_old_id text; v_new bigint; v_owner text;
BEGIN
  SELECT b."monthly", greatest(b."held" - b."bonus", 0) INTO v_monthly, v_needed
    FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  adjusted := 0;
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  SELECT e."organizationId", e."amount" INTO v_owner, adjusted FROM "CreditEntry" e WHERE e."idempotencyKey" = p_key;
  IF FOUND THEN
    IF v_owner <> p_org THEN RAISE EXCEPTION 'idempotency key of another organization'; END IF;
    outcome := 'replayed';
    RETURN;
  END IF;
  adjusted := 0;
  SELECT o."planId" INTO v_old_id FROM "OrganizationPlan" o WHERE o."organizationId" = p_org FOR NO KEY UPDATE;
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  v_new := get_plan_allocation(p_org, p_plan);
  IF v_new IS NULL THEN outcome := 'no_plan'; RETURN; END IF;
  adjusted := least(v_monthly, greatest(v_new, v_needed)) - v_monthly;
  UPDATE "OrganizationPlan" o SET "planId" = p_plan, "pendingPlanId" = NULL, "pendingFrom" = NULL, "updatedAt" = p_now WHERE o."organizationId" = p_org;
  PERFORM ledger_write(p_entry, p_org, 'plan_adjustment', adjusted, 0, p_key, NULL, p_reason, jsonb_build_object('from', v_old_id, 'to', p_plan), p_now);
  outcome := 'ok';
END $$;

-- Sets (a plan with fewer credits) or clears (NULL) what the next period starts with.
-- Outcome: 'ok', 'not_a_downgrade', 'no_plan' or 'no_account'.
CREATE FUNCTION ledger_schedule_plan(p_org text, p_plan text, p_now timestamptz, OUT outcome text, OUT due timestamptz) LANGUAGE plpgsql AS $$
DECLARE v_old bigint; v_new bigint;
BEGIN
  SELECT b."periodEnd" INTO due FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  SELECT p."monthlyMicro" INTO v_old FROM "OrganizationPlan" o JOIN "Plan" p ON p."id" = o."planId" WHERE o."organizationId" = p_org;
  IF due IS NULL OR NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  IF p_plan IS NULL THEN
    due := NULL;
  ELSE
    SELECT p."monthlyMicro" INTO v_new FROM "Plan" p WHERE p."id" = p_plan;
    IF NOT FOUND THEN outcome := 'no_plan'; RETURN; END IF;
    IF v_new >= v_old THEN outcome := 'not_a_downgrade'; RETURN; END IF;
  END IF;
  UPDATE "OrganizationPlan" o SET "pendingPlanId" = p_plan, "pendingFrom" = due, "updatedAt" = p_now WHERE o."organizationId" = p_org;
  outcome := 'ok';
END $$;
