-- History. The current source of every SQL function and trigger stands in server/*/**/sql/, one file each.

-- A request that began before an account or a team was deleted must not put anything into it afterwards: nobody could delete it
-- any more. The deletion holds the organization's row FOR UPDATE, so an insert waits here for its end and then sees it. In the
-- order of locks this comes where a foreign key's own lock comes. Reported as a foreign key, because that is what it means: the
-- organization is not there.
CREATE FUNCTION organization_must_be_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_deleted timestamptz;
BEGIN
  SELECT o."deletedAt" INTO v_deleted FROM "Organization" o WHERE o."id" = NEW."organizationId" FOR KEY SHARE;
  IF v_deleted IS NOT NULL THEN
    RAISE EXCEPTION 'organization % is deleted', NEW."organizationId"
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'organization_must_be_open', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER project_organization_open BEFORE INSERT ON "Project" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();
CREATE TRIGGER provider_key_organization_open BEFORE INSERT ON "ProviderKey" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();
CREATE TRIGGER purchase_organization_open BEFORE INSERT ON "Purchase" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();
CREATE TRIGGER invitation_organization_open BEFORE INSERT ON "Invitation" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();
CREATE TRIGGER api_token_organization_open BEFORE INSERT ON "ApiToken" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();
CREATE TRIGGER membership_organization_open BEFORE INSERT ON "Membership" FOR EACH ROW EXECUTE FUNCTION organization_must_be_open();

-- The same for a person: no membership, and so no new team, of somebody who is gone.
CREATE FUNCTION member_must_exist() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_deleted timestamptz;
BEGIN
  SELECT u."deletedAt" INTO v_deleted FROM "User" u WHERE u."id" = NEW."userId" FOR KEY SHARE;
  IF v_deleted IS NOT NULL THEN
    RAISE EXCEPTION 'user % is deleted', NEW."userId"
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'member_must_exist', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER membership_user_exists BEFORE INSERT ON "Membership" FOR EACH ROW EXECUTE FUNCTION member_must_exist();
