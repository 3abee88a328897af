-- Begins a period: the planned change of plan takes effect, what is left of the month expires, the plan's credits are granted.
-- Without `p_start` the period follows the last one, once it is over. Outcome: 'ok', 'replayed', 'not_due' or 'no_account'.
CREATE OR REPLACE FUNCTION ledger_reset(p_entry text, p_entry2 text, p_org text, p_start timestamptz, p_end timestamptz, p_period_ms bigint, p_now timestamptz)
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
