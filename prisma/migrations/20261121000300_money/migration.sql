-- AlterTable
ALTER TABLE "CreditBalance" ADD COLUMN     "owed" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "Invitation" ADD COLUMN     "invitedById" TEXT,
ADD COLUMN     "revokedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Membership" ADD COLUMN     "monthlyBudgetMicro" BIGINT;

-- AlterTable
ALTER TABLE "ModelCall" ADD COLUMN     "ownKey" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Notice" ADD COLUMN     "link" TEXT,
ADD COLUMN     "mailedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Organization" ADD COLUMN     "deletedAt" TIMESTAMPTZ(3),
ADD COLUMN     "notices" BOOLEAN NOT NULL DEFAULT true;

-- AlterTable
ALTER TABLE "OrganizationPlan" ADD COLUMN     "graceUntil" TIMESTAMPTZ(3),
ADD COLUMN     "status" TEXT NOT NULL DEFAULT 'active',
ADD COLUMN     "stripeCustomerId" TEXT,
ADD COLUMN     "stripeEventAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "ProviderKey" ADD COLUMN     "createdById" TEXT,
ADD COLUMN     "testError" TEXT,
ADD COLUMN     "testedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Purchase" ADD COLUMN     "checkoutUrl" TEXT,
ADD COLUMN     "clawedMicro" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "disputedCents" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "expiredAt" TIMESTAMPTZ(3),
ADD COLUMN     "failedAt" TIMESTAMPTZ(3),
ADD COLUMN     "mock" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "owedMicro" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "paidAt" TIMESTAMPTZ(3),
ADD COLUMN     "refundedCents" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "returnTo" TEXT;

-- AlterTable
ALTER TABLE "StripeEvent" ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "error" TEXT,
ADD COLUMN     "happenedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Task" ADD COLUMN     "quality" TEXT;

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "deletedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "PaymentFact" (
    "paymentIntentId" TEXT NOT NULL,
    "purchaseId" TEXT,
    "refundedCents" INTEGER NOT NULL DEFAULT 0,
    "disputedCents" INTEGER NOT NULL DEFAULT 0,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PaymentFact_pkey" PRIMARY KEY ("paymentIntentId")
);

-- CreateTable
CREATE TABLE "JobStatus" (
    "name" TEXT NOT NULL,
    "lastStartedAt" TIMESTAMPTZ(3),
    "lastFinishedAt" TIMESTAMPTZ(3),
    "lastResult" JSONB NOT NULL DEFAULT '{}',
    "lastError" TEXT,
    "lastErrorAt" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "JobStatus_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "CreditEntry_organizationId_userId_createdAt_idx" ON "CreditEntry"("organizationId", "userId", "createdAt");

-- CreateIndex
CREATE INDEX "ModelCall_organizationId_modelRowId_createdAt_idx" ON "ModelCall"("organizationId", "modelRowId", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "OrganizationPlan_stripeCustomerId_key" ON "OrganizationPlan"("stripeCustomerId");

ALTER TABLE "CreditBalance" ADD CONSTRAINT "CreditBalance_owed_check" CHECK ("owed" >= 0);
ALTER TABLE "Membership" ADD CONSTRAINT "Membership_budget_check" CHECK ("monthlyBudgetMicro" IS NULL OR "monthlyBudgetMicro" >= 0);
ALTER TABLE "Purchase"
  ADD CONSTRAINT "Purchase_amounts_check" CHECK ("creditsMicro" > 0 AND "priceUsdCents" >= 0 AND "refundedCents" >= 0 AND "disputedCents" >= 0
    AND "clawedMicro" >= 0 AND "owedMicro" >= 0 AND "clawedMicro" + "owedMicro" <= "creditsMicro");

-- The rows are the seed's: they are written anew, with their capability.
DELETE FROM "PlanQualityModel";
-- AlterTable
ALTER TABLE "PlanQualityModel" DROP CONSTRAINT "PlanQualityModel_pkey",
ADD COLUMN     "capabilityId" TEXT NOT NULL,
ADD CONSTRAINT "PlanQualityModel_pkey" PRIMARY KEY ("planId", "qualityId", "capabilityId", "modelRowId");

-- AddForeignKey
ALTER TABLE "PlanQualityModel" ADD CONSTRAINT "PlanQualityModel_capabilityId_fkey" FOREIGN KEY ("capabilityId") REFERENCES "Capability"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One default a plan, quality and capability.
CREATE UNIQUE INDEX "PlanQualityModel_default_key" ON "PlanQualityModel"("planId", "qualityId", "capabilityId") WHERE "isDefault";
