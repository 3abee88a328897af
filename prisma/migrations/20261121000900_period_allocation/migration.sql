-- History. The current source of every SQL function and trigger stands in server/*/**/sql/, one file each.

-- What the present period's monthly credits were granted by. An operator may edit a plan in mid-period, and nobody's present
-- period changes by it: an upgrade adds up to the new plan what this period was given, not what the old plan gives by now.
ALTER TABLE "OrganizationPlan" ADD COLUMN "allocationMicro" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "OrganizationPlan" ADD CONSTRAINT "organization_plan_allocation" CHECK ("allocationMicro" >= 0);

CREATE FUNCTION organization_plan_allocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."allocationMicro" := coalesce(get_plan_allocation(NEW."organizationId", NEW."planId"), 0);
  -- What the period was given already stays given when the plan changes in mid-period.
  IF TG_OP = 'UPDATE' AND OLD."periodStart" = NEW."periodStart" THEN
    NEW."allocationMicro" := greatest(OLD."allocationMicro", NEW."allocationMicro");
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER organization_plan_inserted BEFORE INSERT ON "OrganizationPlan"
  FOR EACH ROW EXECUTE FUNCTION organization_plan_allocation();
CREATE TRIGGER organization_plan_changed BEFORE UPDATE ON "OrganizationPlan"
  FOR EACH ROW WHEN (OLD."planId" <> NEW."planId" OR OLD."periodStart" <> NEW."periodStart")
  EXECUTE FUNCTION organization_plan_allocation();

UPDATE "OrganizationPlan" SET "allocationMicro" = coalesce(get_plan_allocation("organizationId", "planId"), 0);

-- To a plan with more credits, at once: what this period is short of it is added, and the plan's welcome credits once an
-- organization. Outcome: 'ok', 'replayed', 'not_an_upgrade', 'no_plan' or 'no_account'.
CREATE OR REPLACE FUNCTION ledger_upgrade(
  p_entry text, p_entry2 text, p_org text, p_plan text, p_key text, p_user text, p_now timestamptz, OUT outcome text, OUT adjusted bigint
) LANGUAGE plpgsql AS $$
DECLARE v_old_id text; v_old bigint; v_old_place int; v_given bigint; v_new bigint; v_new_place int; v_welcome bigint; v_name text; v_owner text;
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
  SELECT o."planId", get_plan_allocation(p_org, o."planId"), o."allocationMicro", p."position" INTO v_old_id, v_old, v_given, v_old_place
    FROM "OrganizationPlan" o JOIN "Plan" p ON p."id" = o."planId" WHERE o."organizationId" = p_org;
  IF NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  SELECT get_plan_allocation(p_org, p_plan), p."welcomeMicro", p."name", p."position" INTO v_new, v_welcome, v_name, v_new_place
    FROM "Plan" p WHERE p."id" = p_plan;
  IF NOT FOUND THEN outcome := 'no_plan'; RETURN; END IF;
  -- Of two plans with the same credits the later one in the list is the larger one.
  IF v_new < v_old OR (v_new = v_old AND v_new_place <= v_old_place) THEN outcome := 'not_an_upgrade'; RETURN; END IF;
  adjusted := greatest(v_new - v_given, 0);
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
CREATE OR REPLACE FUNCTION ledger_move_plan(p_entry text, p_org text, p_plan text, p_key text, p_reason text, p_now timestamptz, OUT outcome text, OUT adjusted bigint)
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
  -- What was taken is no longer given; what open holds kept is.
  UPDATE "OrganizationPlan" o SET "allocationMicro" = greatest(v_new, v_monthly + adjusted) WHERE o."organizationId" = p_org;
  outcome := 'ok';
END $$;

-- Sets (a smaller plan) or clears (NULL) what the next period starts with.
-- Outcome: 'ok', 'not_a_downgrade', 'no_plan' or 'no_account'.
CREATE OR REPLACE FUNCTION ledger_schedule_plan(p_org text, p_plan text, p_now timestamptz, OUT outcome text, OUT due timestamptz) LANGUAGE plpgsql AS $$
DECLARE v_old "Plan"; v_new "Plan";
BEGIN
  SELECT b."periodEnd" INTO due FROM "CreditBalance" b WHERE b."organizationId" = p_org FOR NO KEY UPDATE;
  SELECT p.* INTO v_old FROM "OrganizationPlan" o JOIN "Plan" p ON p."id" = o."planId" WHERE o."organizationId" = p_org;
  IF due IS NULL OR NOT FOUND THEN outcome := 'no_account'; RETURN; END IF;
  IF p_plan IS NULL THEN
    due := NULL;
  ELSE
    SELECT p.* INTO v_new FROM "Plan" p WHERE p."id" = p_plan;
    IF NOT FOUND THEN outcome := 'no_plan'; RETURN; END IF;
    IF v_new."monthlyMicro" > v_old."monthlyMicro"
      OR (v_new."monthlyMicro" = v_old."monthlyMicro" AND v_new."position" >= v_old."position") THEN
      outcome := 'not_a_downgrade'; RETURN;
    END IF;
  END IF;
  UPDATE "OrganizationPlan" o SET "pendingPlanId" = p_plan, "pendingFrom" = due, "updatedAt" = p_now WHERE o."organizationId" = p_org;
  outcome := 'ok';
END $$;
