-- Keeps a hold as it was closed: no change of a closed hold, no other amount or organization, no deletion.
CREATE OR REPLACE FUNCTION credit_hold_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN RAISE EXCEPTION 'a closed hold never changes'; END IF;
  RAISE EXCEPTION 'a hold is never deleted';
END $$;

CREATE OR REPLACE TRIGGER credit_hold_closed BEFORE UPDATE ON "CreditHold" FOR EACH ROW
  WHEN (OLD."status" IN ('settled', 'released') OR NEW."amount" <> OLD."amount" OR NEW."organizationId" <> OLD."organizationId")
  EXECUTE FUNCTION credit_hold_refuse();

CREATE OR REPLACE TRIGGER credit_hold_kept BEFORE DELETE ON "CreditHold" FOR EACH ROW EXECUTE FUNCTION credit_hold_refuse();

CREATE OR REPLACE TRIGGER credit_hold_not_truncated BEFORE TRUNCATE ON "CreditHold" FOR EACH STATEMENT EXECUTE FUNCTION credit_hold_refuse();
