"""Who is asking: the four schemes and the bare key."""

from rest_framework.authentication import TokenAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tests.differential.twin.models import ApiKey, User

SCHEMES = (b"api-key", b"api-token", b"token", b"bearer")


class ApiKeyAuthentication(TokenAuthentication):
    """The framework's token authentication, with four names for the scheme and a bare key."""

    keyword = "Api-Key"
    model = ApiKey

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the user and the key, or None when the header is absent or of another scheme."""
        words = get_authorization_header(request).split()
        if not words:
            return None
        if words[0].lower() in SCHEMES:
            return self.authenticate_credentials(self.key_after_scheme(words[1:]))
        if len(words) == 1:
            return self.authenticate_credentials(self.decoded(words[0]))
        return None

    def key_after_scheme(self, words: list[bytes]) -> str:
        """Return the only word after the scheme."""
        if not words:
            raise AuthenticationFailed("Invalid token header. No credentials provided.")
        if len(words) > 1:
            raise AuthenticationFailed(
                "Invalid token header. Token string should not contain spaces."
            )
        return self.decoded(words[0])

    def decoded(self, word: bytes) -> str:
        """Return the key as text."""
        try:
            return word.decode()
        except UnicodeError:
            raise AuthenticationFailed(
                "Invalid token header. Token string should not contain invalid characters."
            ) from None

    def authenticate_credentials(self, key: str) -> tuple[User, ApiKey]:
        """Return the key's user, as the framework does; a key itself may be inactive too."""
        user, api_key = super().authenticate_credentials(key)
        if not api_key.is_active:
            raise AuthenticationFailed("User inactive or deleted.")
        return user, api_key
