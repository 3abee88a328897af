-- Keeps what the present period was granted. An operator may edit a plan in mid-period; an upgrade adds to what was granted.
CREATE OR REPLACE FUNCTION organization_plan_allocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."allocationMicro" := coalesce(get_plan_allocation(NEW."organizationId", NEW."planId"), 0);
  -- What the period was given already stays given when the plan changes in mid-period.
  IF TG_OP = 'UPDATE' AND OLD."periodStart" = NEW."periodStart" THEN
    NEW."allocationMicro" := greatest(OLD."allocationMicro", NEW."allocationMicro");
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER organization_plan_inserted BEFORE INSERT ON "OrganizationPlan"
  FOR EACH ROW EXECUTE FUNCTION organization_plan_allocation();

CREATE OR REPLACE TRIGGER organization_plan_changed BEFORE UPDATE ON "OrganizationPlan"
  FOR EACH ROW WHEN (OLD."planId" <> NEW."planId" OR OLD."periodStart" <> NEW."periodStart")
  EXECUTE FUNCTION organization_plan_allocation();
