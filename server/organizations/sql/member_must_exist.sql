-- Refuses a membership, and so a new team, of a person whose account is deleted.
CREATE OR REPLACE FUNCTION member_must_exist() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE v_deleted timestamptz;
BEGIN
  SELECT u."deletedAt" INTO v_deleted FROM "User" u WHERE u."id" = NEW."userId" FOR KEY SHARE;
  IF v_deleted IS NOT NULL THEN
    RAISE EXCEPTION 'user % is deleted', NEW."userId"
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'member_must_exist', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER membership_user_exists BEFORE INSERT ON "Membership" FOR EACH ROW EXECUTE FUNCTION member_must_exist();
