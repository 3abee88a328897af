-- History. The current source of every SQL function and trigger stands in server/*/**/sql/, one file each.

-- The ledger (data-and-money.md). Each transition is one call of one function below; a row lock on the balance makes
-- concurrent transitions of one organization take turns. Amounts are micro-credits.

ALTER TABLE "CreditBalance"
  ADD CONSTRAINT "CreditBalance_monthly_check" CHECK ("monthly" >= 0),
  -- Only bonus may go below zero, and only down to the overdraft limit.
  ADD CONSTRAINT "CreditBalance_overdraft_check" CHECK ("monthly" + "bonus" >= -"overdraftLimit"),
  ADD CONSTRAINT "CreditBalance_held_check" CHECK ("held" >= 0),
  ADD CONSTRAINT "CreditBalance_limit_check" CHECK ("overdraftLimit" >= 0),
  ADD CONSTRAINT "CreditBalance_period_check" CHECK ("periodEnd" > "periodStart");
ALTER TABLE "CreditHold"
  ADD CONSTRAINT "CreditHold_amount_check" CHECK ("amount" > 0),
  ADD CONSTRAINT "CreditHold_closed_check" CHECK (("status" = 'pending') = ("closedAt" IS NULL)),
  ADD CONSTRAINT "CreditHold_settled_check" CHECK (("status" = 'settled') = ("settledAmount" IS NOT NULL));
ALTER TABLE "CreditEntry"
  ADD CONSTRAINT "CreditEntry_delta_check" CHECK ("amount" = "monthlyDelta" + "bonusDelta"),
  ADD CONSTRAINT "CreditEntry_absorbed_check" CHECK ("absorbed" >= 0);
ALTER TABLE "ModelPrice"
  ADD CONSTRAINT "ModelPrice_amounts_check" CHECK ("inputPerMillion" >= 0 AND "outputPerMillion" >= 0 AND "cachedPerMillion" >= 0);
ALTER TABLE "RunEvent" ADD CONSTRAINT "RunEvent_seq_check" CHECK ("seq" > 0);

CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER credit_entry_append_only BEFORE UPDATE OR DELETE ON "CreditEntry"
  FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER model_price_append_only BEFORE UPDATE OR DELETE ON "ModelPrice"
  FOR EACH ROW EXECUTE FUNCTION ledger_append_only();

CREATE FUNCTION credit_hold_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a hold is never deleted';
  END IF;
  IF OLD."status" IN ('settled', 'released') OR NEW."amount" <> OLD."amount" OR NEW."organizationId" <> OLD."organizationId" THEN
    RAISE EXCEPTION 'a closed hold never changes';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER credit_hold_guard BEFORE UPDATE OR DELETE ON "CreditHold"
  FOR EACH ROW EXECUTE FUNCTION credit_hold_guard();

-- Reads kept from the specification.
CREATE FUNCTION get_available_credits(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT "monthly" + "bonus" - "held" FROM "CreditBalance" WHERE "organizationId" = org), 0)::bigint
$$;
CREATE FUNCTION get_spendable_credits(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT greatest("monthly" + "bonus" - "held" + "overdraftLimit", 0) FROM "CreditBalance" WHERE "organizationId" = org), 0)::bigint
$$;
CREATE FUNCTION get_used_this_period(org text) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(-sum(e."amount"), 0)::bigint FROM "CreditEntry" e JOIN "CreditBalance" b ON b."organizationId" = e."organizationId"
  WHERE e."organizationId" = org AND e."kind" IN ('usage', 'usage_refund') AND e."createdAt" >= b."periodStart"
$$;

-- Outcome: 'ok', 'replayed', 'insufficient' or 'no_account'.
CREATE FUNCTION ledger_reserve(
  p_id text, p_org text, p_amount bigint, p_key text, p_now timestamptz, p_expires timestamptz,
  p_project text, p_run text, p_task text, p_user text, p_role text
) RETURNS TABLE (outcome text, hold_id text, hold_amount bigint, available bigint) LANGUAGE plpgsql AS $$
DECLARE bal "CreditBalance"; old "CreditHold";
BEGIN
  SELECT * INTO bal FROM "CreditBalance" WHERE "organizationId" = p_org FOR UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'no_account'::text, NULL::text, 0::bigint, 0::bigint; RETURN; END IF;
  SELECT * INTO old FROM "CreditHold" WHERE "idempotencyKey" = p_key;
  IF FOUND THEN
    IF old."organizationId" <> p_org THEN RAISE EXCEPTION 'idempotency key of another organization'; END IF;
    RETURN QUERY SELECT 'replayed'::text, old."id", old."amount", bal."monthly" + bal."bonus" - bal."held"; RETURN;
  END IF;
  IF bal."monthly" + bal."bonus" - bal."held" < p_amount THEN
    RETURN QUERY SELECT 'insufficient'::text, NULL::text, p_amount, bal."monthly" + bal."bonus" - bal."held"; RETURN;
  END IF;
  INSERT INTO "CreditHold" ("id", "organizationId", "amount", "idempotencyKey", "projectId", "runId", "taskId", "userId", "role", "expiresAt", "createdAt")
  VALUES (p_id, p_org, p_amount, p_key, p_project, p_run, p_task, p_user, p_role, p_expires, p_now);
  UPDATE "CreditBalance" SET "held" = "held" + p_amount, "updatedAt" = p_now WHERE "organizationId" = p_org;
  RETURN QUERY SELECT 'ok'::text, p_id, p_amount, bal."monthly" + bal."bonus" - bal."held" - p_amount;
END $$;

-- Ends a hold without a charge. Outcome: 'ok', 'closed' (was not pending) or 'not_found'.
CREATE FUNCTION ledger_close_hold(p_org text, p_hold text, p_status "CreditHoldStatus", p_now timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE h "CreditHold";
BEGIN
  PERFORM 1 FROM "CreditBalance" WHERE "organizationId" = p_org FOR UPDATE;
  SELECT * INTO h FROM "CreditHold" WHERE "id" = p_hold AND "organizationId" = p_org FOR UPDATE;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  IF h."status" <> 'pending' OR (p_status = 'expired' AND h."expiresAt" > p_now) THEN RETURN 'closed'; END IF;
  UPDATE "CreditHold" SET "status" = p_status, "closedAt" = p_now WHERE "id" = p_hold;
  UPDATE "CreditBalance" SET "held" = "held" - h."amount", "updatedAt" = p_now WHERE "organizationId" = p_org;
  RETURN 'ok';
END $$;

-- Writes one entry and moves the balance by it. Used by every transition below; the balance row is locked by the caller.
CREATE FUNCTION ledger_write(
  p_id text, p_org text, p_kind "CreditEntryKind", p_monthly bigint, p_bonus bigint, p_key text, p_now timestamptz,
  p_estimated bigint, p_actual bigint, p_absorbed bigint, p_hold text, p_call text,
  p_project text, p_run text, p_task text, p_user text, p_note text, p_metadata jsonb
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE after bigint;
BEGIN
  UPDATE "CreditBalance" SET "monthly" = "monthly" + p_monthly, "bonus" = "bonus" + p_bonus, "updatedAt" = p_now
    WHERE "organizationId" = p_org RETURNING "monthly" + "bonus" INTO after;
  IF NOT FOUND THEN RAISE EXCEPTION 'no credit account for %', p_org; END IF;
  INSERT INTO "CreditEntry" ("id", "organizationId", "kind", "amount", "monthlyDelta", "bonusDelta", "balanceAfter", "estimated", "actual",
    "absorbed", "holdId", "modelCallId", "projectId", "runId", "taskId", "userId", "idempotencyKey", "note", "metadata", "createdAt")
  VALUES (p_id, p_org, p_kind, p_monthly + p_bonus, p_monthly, p_bonus, after, p_estimated, p_actual,
    p_absorbed, p_hold, p_call, p_project, p_run, p_task, p_user, p_key, p_note, coalesce(p_metadata, '{}'::jsonb), p_now);
  RETURN after;
END $$;

-- Charges a hold's true cost: monthly before bonus, above the hold only what is left down to the overdraft limit and not
-- held by others; the remainder is absorbed. Outcome: 'ok', 'late' (the hold had expired), 'replayed', 'released' or 'not_found'.
CREATE FUNCTION ledger_settle(
  p_entry text, p_org text, p_hold text, p_actual bigint, p_estimated bigint, p_call text, p_user text, p_note text,
  p_metadata jsonb, p_now timestamptz
) RETURNS TABLE (outcome text, charged bigint, absorbed bigint, balance_after bigint) LANGUAGE plpgsql AS $$
DECLARE bal "CreditBalance"; h "CreditHold"; old "CreditEntry"; other_holds bigint; room bigint; take bigint; from_monthly bigint; after bigint;
BEGIN
  IF p_actual < 0 THEN RAISE EXCEPTION 'a cost is never negative'; END IF;
  SELECT * INTO bal FROM "CreditBalance" WHERE "organizationId" = p_org FOR UPDATE;
  SELECT * INTO h FROM "CreditHold" WHERE "id" = p_hold AND "organizationId" = p_org FOR UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'not_found'::text, 0::bigint, 0::bigint, 0::bigint; RETURN; END IF;
  IF h."status" = 'settled' THEN
    SELECT * INTO old FROM "CreditEntry" WHERE "holdId" = p_hold AND "kind" = 'usage';
    RETURN QUERY SELECT 'replayed'::text, h."settledAmount", coalesce(old."absorbed", 0), bal."monthly" + bal."bonus"; RETURN;
  END IF;
  IF h."status" = 'released' THEN RETURN QUERY SELECT 'released'::text, 0::bigint, 0::bigint, bal."monthly" + bal."bonus"; RETURN; END IF;
  other_holds := bal."held" - CASE WHEN h."status" = 'pending' THEN h."amount" ELSE 0 END;
  room := greatest(bal."monthly" + bal."bonus" + bal."overdraftLimit" - other_holds, 0);
  take := least(p_actual, room);
  -- A hold that is still open is covered in full, whatever other holds there are.
  IF h."status" = 'pending' THEN take := greatest(take, least(p_actual, h."amount")); END IF;
  take := least(take, greatest(bal."monthly" + bal."bonus" + bal."overdraftLimit", 0));
  from_monthly := least(take, bal."monthly");
  IF h."status" = 'pending' THEN
    UPDATE "CreditBalance" SET "held" = "held" - h."amount" WHERE "organizationId" = p_org;
  END IF;
  UPDATE "CreditHold" SET "status" = 'settled', "settledAmount" = take, "closedAt" = p_now WHERE "id" = p_hold;
  after := ledger_write(p_entry, p_org, 'usage', -from_monthly, -(take - from_monthly), 'settle:' || p_hold, p_now,
    coalesce(p_estimated, h."amount"), p_actual, p_actual - take, p_hold, p_call, h."projectId", h."runId", h."taskId",
    coalesce(p_user, h."userId"), p_note, p_metadata);
  RETURN QUERY SELECT CASE WHEN h."status" = 'pending' THEN 'ok' ELSE 'late' END, take, p_actual - take, after;
END $$;

-- Adds (or, negative, takes) credits of one kind. Outcome: 'ok', 'replayed' or 'no_account'.
CREATE FUNCTION ledger_grant(
  p_entry text, p_org text, p_kind "CreditEntryKind", p_amount bigint, p_bucket text, p_key text, p_user text, p_note text,
  p_metadata jsonb, p_now timestamptz
) RETURNS TABLE (outcome text, balance_after bigint) LANGUAGE plpgsql AS $$
DECLARE bal "CreditBalance"; after bigint;
BEGIN
  SELECT * INTO bal FROM "CreditBalance" WHERE "organizationId" = p_org FOR UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'no_account'::text, 0::bigint; RETURN; END IF;
  PERFORM 1 FROM "CreditEntry" WHERE "idempotencyKey" = p_key;
  IF FOUND THEN RETURN QUERY SELECT 'replayed'::text, bal."monthly" + bal."bonus"; RETURN; END IF;
  after := ledger_write(p_entry, p_org, p_kind, CASE WHEN p_bucket = 'monthly' THEN p_amount ELSE 0 END,
    CASE WHEN p_bucket = 'monthly' THEN 0 ELSE p_amount END, p_key, p_now, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, p_user, p_note, p_metadata);
  RETURN QUERY SELECT 'ok'::text, after;
END $$;

-- Gives a usage entry back to the buckets it was spent from, once; the cost stays recorded as absorbed. Monthly credits of
-- a period that has ended come back as bonus: they would otherwise outlive the reset that expired them.
CREATE FUNCTION ledger_refund_usage(p_entry text, p_org text, p_call text, p_note text, p_now timestamptz)
RETURNS TABLE (outcome text, refunded bigint) LANGUAGE plpgsql AS $$
DECLARE bal "CreditBalance"; used "CreditEntry"; same_period boolean;
BEGIN
  SELECT * INTO bal FROM "CreditBalance" WHERE "organizationId" = p_org FOR UPDATE;
  SELECT * INTO used FROM "CreditEntry" WHERE "modelCallId" = p_call AND "kind" = 'usage' AND "organizationId" = p_org;
  IF NOT FOUND THEN RETURN QUERY SELECT 'not_found'::text, 0::bigint; RETURN; END IF;
  PERFORM 1 FROM "CreditEntry" WHERE "idempotencyKey" = 'refund:' || used."id";
  IF FOUND THEN RETURN QUERY SELECT 'replayed'::text, -used."amount"; RETURN; END IF;
  same_period := used."createdAt" >= bal."periodStart";
  PERFORM ledger_write(p_entry, p_org, 'usage_refund',
    CASE WHEN same_period THEN -used."monthlyDelta" ELSE 0 END,
    CASE WHEN same_period THEN -used."bonusDelta" ELSE -used."amount" END,
    'refund:' || used."id", p_now, NULL, NULL, -used."amount", used."holdId", p_call, used."projectId", used."runId", used."taskId",
    used."userId", p_note, '{}'::jsonb);
  RETURN QUERY SELECT 'ok'::text, -used."amount";
END $$;

-- Monthly credits expire and are granted anew; bonus stays; holds stay open. One effect a period.
CREATE FUNCTION ledger_reset(p_entry text, p_entry2 text, p_org text, p_allocation bigint, p_start timestamptz, p_end timestamptz, p_now timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE bal "CreditBalance"; k text;
BEGIN
  SELECT * INTO bal FROM "CreditBalance" WHERE "organizationId" = p_org FOR UPDATE;
  IF NOT FOUND THEN RETURN 'no_account'; END IF;
  IF bal."periodStart" >= p_start THEN RETURN 'replayed'; END IF;
  k := p_org || ':' || to_char(p_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS');
  UPDATE "CreditBalance" SET "periodStart" = p_start, "periodEnd" = p_end WHERE "organizationId" = p_org;
  IF bal."monthly" > 0 THEN
    PERFORM ledger_write(p_entry, p_org, 'expiry', -bal."monthly", 0, 'expiry:' || k, p_now, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}'::jsonb);
  END IF;
  IF p_allocation > 0 THEN
    PERFORM ledger_write(p_entry2, p_org, 'plan_allocation', p_allocation, 0, 'allocation:' || k, p_now, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}'::jsonb);
  END IF;
  RETURN 'ok';
END $$;
