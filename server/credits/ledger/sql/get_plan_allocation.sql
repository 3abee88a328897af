-- What a plan gives an organization each period. A team gets nothing from the free plan: anyone could make one team after
-- another. NULL without such a plan.
CREATE OR REPLACE FUNCTION get_plan_allocation(org text, plan text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p."priceUsdCents" = 0 AND EXISTS (SELECT 1 FROM "Organization" o WHERE o."id" = org AND o."kind" = 'team') THEN 0
    ELSE p."monthlyMicro" END FROM "Plan" p WHERE p."id" = plan
$$;
