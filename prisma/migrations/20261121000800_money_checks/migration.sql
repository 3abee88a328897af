-- History. The current source of every SQL function and trigger stands in server/*/**/sql/, one file each.

-- Amounts that could only be a mistake are refused by the tables themselves, whoever writes them.
ALTER TABLE "CreditEntry" ADD CONSTRAINT "CreditEntry_sign_check" CHECK (
  CASE
    WHEN "kind" IN ('usage', 'expiry', 'refund') THEN "amount" <= 0
    WHEN "kind" IN ('plan_allocation', 'welcome_bonus', 'promo_bonus', 'topup_purchase', 'usage_refund') THEN "amount" >= 0
    ELSE true
  END
);
ALTER TABLE "CreditHold" ADD CONSTRAINT "CreditHold_settledAmount_check" CHECK ("settledAmount" >= 0);
ALTER TABLE "Plan" ADD CONSTRAINT "Plan_amounts_check" CHECK ("monthlyMicro" >= 0 AND "welcomeMicro" >= 0 AND "priceUsdCents" >= 0);
ALTER TABLE "TopupPackage" ADD CONSTRAINT "TopupPackage_amounts_check" CHECK ("creditsMicro" > 0 AND "priceUsdCents" > 0);
ALTER TABLE "ModelPrice" ADD CONSTRAINT "ModelPrice_images_check" CHECK ("imageInPerUnit" >= 0 AND "imageOutPerUnit" >= 0);
ALTER TABLE "ModelCall" ADD CONSTRAINT "ModelCall_amounts_check" CHECK ("costNano" >= 0 AND "chargedMicro" >= 0);
ALTER TABLE "RateCounter" ADD CONSTRAINT "RateCounter_count_check" CHECK ("count" >= 0);
CREATE TRIGGER model_price_not_truncated BEFORE TRUNCATE ON "ModelPrice" FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
