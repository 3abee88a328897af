DROP TRIGGER api_token_organization_open ON "ApiToken";

-- AlterTable
ALTER TABLE "Plan" DROP COLUMN "stripePriceId";

-- DropTable
DROP TABLE "ApiToken";
