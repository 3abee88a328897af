-- Disputes are stored as what banks hold now; until here the row of a payment kept what was ever disputed.
UPDATE "PaymentFact" f SET "disputedCents" = p."disputedCents" FROM "Purchase" p WHERE p."paymentIntentId" = f."paymentIntentId";

-- A purchase says what is taken back now; until here it kept what was taken the first time.
WITH stands AS (
  SELECT p."id", sum(CASE WHEN e."kind" = 'refund' THEN coalesce((e."metadata"->>'owed')::bigint, 0) - e."amount" ELSE -e."amount" END)::bigint AS total
  FROM "Purchase" p JOIN "CreditEntry" e ON e."organizationId" = p."organizationId"
    AND p."id" = coalesce(e."metadata"->>'purchaseId', e."metadata"->>'takesAgain', e."metadata"->>'givesBack')
  WHERE (e."kind" = 'refund' AND e."metadata" ? 'clawBack') OR (e."kind" = 'topup_purchase' AND e."metadata" ? 'givesBack')
  GROUP BY 1
)
UPDATE "Purchase" p SET "owedMicro" = least(p."owedMicro", s.total), "clawedMicro" = s.total - least(p."owedMicro", s.total)
FROM stands s WHERE s."id" = p."id";
