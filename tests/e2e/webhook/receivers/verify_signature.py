import hmac
import hashlib

def verify_signature(payload_body, signature_header, secret):
    expected = hmac.new(
        secret.encode(),
        payload_body,
        hashlib.sha256
    ).hexdigest()
    
    received = signature_header.replace('sha256=', '')
    return hmac.compare_digest(expected, received)
