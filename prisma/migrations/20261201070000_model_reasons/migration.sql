ALTER TABLE "LlmModel" ADD COLUMN "reasoning" BOOLEAN NOT NULL DEFAULT false;

-- Seeding changes no row that is there: those of the first catalogue are told here.
UPDATE "LlmModel" SET "reasoning" = true
WHERE "id" IN ('openai:gpt-5-mini', 'openai:gpt-5', 'openai:gpt-5-pro', 'google:gemini-2.5-flash', 'google:gemini-2.5-pro',
  'google:gemini-3-pro-preview');

ALTER TABLE "ModelCall" ADD COLUMN "effort" TEXT;
