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
