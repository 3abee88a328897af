-- One answer of a project at a time, over all processes.
CREATE UNIQUE INDEX "Run_one_answer" ON "Run" ("projectId") WHERE "kind" = 'ask' AND "status" IN ('queued', 'running');

-- Answers that an earlier version was writing have no run that could end them.
UPDATE "Message" m SET "status" = 'stopped', "text" = coalesce((
    SELECT string_agg(e."payload"->>'delta', '' ORDER BY e."seq") FROM "RunEvent" e
    WHERE e."stream" = 'project:' || m."projectId" AND e."kind" = 'text-delta' AND e."payload"->>'id' = m."id"), '')
  WHERE m."status" = 'streaming' AND m."purpose" = 'ask';
