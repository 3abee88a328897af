-- Refuses rows for a deleted organization: a request may have begun before the deletion and write after it.
-- The deletion holds the organization's row FOR UPDATE, so an insert waits for its end and then sees it. The lock comes where
-- a foreign key's own lock comes. The error is a foreign key's, because the organization is not there.
CREATE OR REPLACE FUNCTION organization_must_be_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_deleted timestamptz;
BEGIN
  SELECT o."deletedAt" INTO v_deleted FROM "Organization" o WHERE o."id" = NEW."organizationId" FOR KEY SHARE;
  IF v_deleted IS NOT NULL THEN
    RAISE EXCEPTION 'organization % is deleted', NEW."organizationId"
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'organization_must_be_open', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER project_organization_open BEFORE INSERT ON "Project" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();

CREATE OR REPLACE TRIGGER provider_key_organization_open BEFORE INSERT ON "ProviderKey" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();

CREATE OR REPLACE TRIGGER purchase_organization_open BEFORE INSERT ON "Purchase" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();

CREATE OR REPLACE TRIGGER invitation_organization_open BEFORE INSERT ON "Invitation" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();

CREATE OR REPLACE TRIGGER membership_organization_open BEFORE INSERT ON "Membership" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();
