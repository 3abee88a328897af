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
