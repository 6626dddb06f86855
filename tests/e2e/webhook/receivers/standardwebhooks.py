from standardwebhooks import Webhook, WebhookVerificationError


def verify(body, headers):
    # A secret that is no base64 is given as bytes.
    raw = os.environ.get("WEBHOOK_SECRET_FORMAT") == "raw"
    webhook = Webhook(SECRET.encode() if raw else SECRET)
    try:
        webhook.verify(body, dict(headers))
        return True
    except WebhookVerificationError:
        return False
