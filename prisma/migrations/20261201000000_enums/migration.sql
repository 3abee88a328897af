-- Quality, size and status become enums: an unknown value fails where it is written.
CREATE TYPE "Quality" AS ENUM ('fast', 'enhanced', 'premium');
CREATE TYPE "TaskSize" AS ENUM ('S', 'M', 'L');
CREATE TYPE "MessageStatus" AS ENUM ('streaming', 'final', 'stopped', 'failed');
CREATE TYPE "ModelCallStatus" AS ENUM ('running', 'succeeded', 'failed', 'aborted');
CREATE TYPE "ReviewStatus" AS ENUM ('APPROVED', 'REJECTED', 'ERROR');
CREATE TYPE "CheckStatus" AS ENUM ('passed', 'failed', 'skipped', 'error');
CREATE TYPE "PurchaseStatus" AS ENUM ('pending', 'paid', 'failed', 'expired', 'refunded', 'disputed');
CREATE TYPE "PlanStatus" AS ENUM ('active', 'past_due', 'canceled');

ALTER TABLE "Project" ALTER COLUMN "quality" DROP DEFAULT,
  ALTER COLUMN "quality" TYPE "Quality" USING "quality"::"Quality", ALTER COLUMN "quality" SET DEFAULT 'fast';
ALTER TABLE "Task" ALTER COLUMN "quality" TYPE "Quality" USING "quality"::"Quality",
  ALTER COLUMN "size" DROP DEFAULT, ALTER COLUMN "size" TYPE "TaskSize" USING "size"::"TaskSize", ALTER COLUMN "size" SET DEFAULT 'M';
ALTER TABLE "Message" ALTER COLUMN "status" DROP DEFAULT,
  ALTER COLUMN "status" TYPE "MessageStatus" USING "status"::"MessageStatus", ALTER COLUMN "status" SET DEFAULT 'final';
ALTER TABLE "Review" ALTER COLUMN "status" TYPE "ReviewStatus" USING "status"::"ReviewStatus";
ALTER TABLE "CheckResult" ALTER COLUMN "status" TYPE "CheckStatus" USING "status"::"CheckStatus";
ALTER TABLE "LlmModel" ALTER COLUMN "tier" DROP DEFAULT,
  ALTER COLUMN "tier" TYPE "Quality" USING "tier"::"Quality", ALTER COLUMN "tier" SET DEFAULT 'fast';
ALTER TABLE "ModelCall" ALTER COLUMN "quality" TYPE "Quality" USING "quality"::"Quality",
  ALTER COLUMN "size" TYPE "TaskSize" USING "size"::"TaskSize", ALTER COLUMN "status" DROP DEFAULT,
  ALTER COLUMN "status" TYPE "ModelCallStatus" USING "status"::"ModelCallStatus", ALTER COLUMN "status" SET DEFAULT 'running';
ALTER TABLE "Purchase" ALTER COLUMN "status" DROP DEFAULT,
  ALTER COLUMN "status" TYPE "PurchaseStatus" USING "status"::"PurchaseStatus", ALTER COLUMN "status" SET DEFAULT 'pending';
ALTER TABLE "OrganizationPlan" ALTER COLUMN "status" DROP DEFAULT,
  ALTER COLUMN "status" TYPE "PlanStatus" USING "status"::"PlanStatus", ALTER COLUMN "status" SET DEFAULT 'active';
