-- CreateTable
CREATE TABLE "InstanceKey" (
    "fingerprint" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "lastFour" TEXT NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(6),
    "faults" INTEGER NOT NULL DEFAULT 0,
    "fault" TEXT,
    "restsUntil" TIMESTAMPTZ(3),

    CONSTRAINT "InstanceKey_pkey" PRIMARY KEY ("fingerprint")
);
