-- Micro-credits used in the present period. A refund of an earlier period is marked `earlier` and does not count.
CREATE OR REPLACE FUNCTION get_used_this_period(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(-sum(e."amount"), 0)::bigint FROM "CreditEntry" e JOIN "CreditBalance" b ON b."organizationId" = e."organizationId"
  WHERE e."organizationId" = org AND e."kind" IN ('usage', 'usage_refund') AND e."createdAt" >= b."periodStart" AND NOT e."metadata" ? 'earlier'
$$;
