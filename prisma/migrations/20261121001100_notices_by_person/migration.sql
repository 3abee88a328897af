-- Who put a notice away: one member's click does not hide it from the others.
ALTER TABLE "Notice" ADD COLUMN "dismissedBy" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[];
UPDATE "Notice" n SET "dismissedBy" = ARRAY(SELECT m."userId" FROM "Membership" m WHERE m."organizationId" = n."organizationId")
  WHERE n."seenAt" IS NOT NULL;
ALTER TABLE "Notice" DROP COLUMN "seenAt";
