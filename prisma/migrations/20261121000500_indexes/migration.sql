-- A quote reads the last calls of a role, quality and model: this index gives them in order, however many there are.
CREATE INDEX "ModelCall_modelRowId_role_quality_status_createdAt_idx" ON "ModelCall"("modelRowId", "role", "quality", "status", "createdAt");
-- Nothing else asked for this one.
DROP INDEX "ModelCall_capability_quality_status_idx";
