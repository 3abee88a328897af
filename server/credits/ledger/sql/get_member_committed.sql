-- What one member has used since `since`, plus what is held for them now.
CREATE OR REPLACE FUNCTION get_member_committed(org text, member text, since timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (
    coalesce((SELECT -sum(e."amount") FROM "CreditEntry" e WHERE e."organizationId" = org AND e."userId" = member AND e."createdAt" >= since
      AND e."kind" IN ('usage', 'usage_refund') AND NOT e."metadata" ? 'earlier'), 0)
    + coalesce((SELECT sum(h."amount") FROM "CreditHold" h WHERE h."organizationId" = org AND h."status" = 'pending' AND h."userId" = member), 0)
  )::bigint
$$;
