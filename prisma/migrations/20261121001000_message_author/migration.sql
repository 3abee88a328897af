-- Who wrote a message: a colleague sees whose it is, and a person's export holds what they wrote in teams of others.
ALTER TABLE "Message" ADD COLUMN "userId" TEXT;
CREATE INDEX "Message_organizationId_userId_idx" ON "Message"("organizationId", "userId");
