-- Refuses every change of a row that was written: entries and prices are only ever added.
CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

CREATE OR REPLACE TRIGGER credit_entry_append_only BEFORE UPDATE OR DELETE ON "CreditEntry"
  FOR EACH ROW EXECUTE FUNCTION ledger_append_only();

CREATE OR REPLACE TRIGGER model_price_append_only BEFORE UPDATE OR DELETE ON "ModelPrice"
  FOR EACH ROW EXECUTE FUNCTION ledger_append_only();

CREATE OR REPLACE TRIGGER credit_entry_not_truncated BEFORE TRUNCATE ON "CreditEntry" FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

CREATE OR REPLACE TRIGGER model_price_not_truncated BEFORE TRUNCATE ON "ModelPrice" FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
