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
