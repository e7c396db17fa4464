"""A Django app with pages, signed in to by the library that the first argument names: allauth, mozilla or social."""

import os
import sys
import tempfile

import django
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import include, path

LIBRARY = sys.argv[1]
ISSUER, ORIGIN, PORT = os.environ["ISSUER"], os.environ["ORIGIN"], os.environ["PORT"]
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
SCOPES = ["openid", "profile", "email", "offline_access"]

SETTINGS = {
    "allauth": dict(
        APPS=[
            "django.contrib.messages",
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            "allauth.socialaccount.providers.openid_connect",
        ],
        MIDDLEWARE=["django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware"],
        BACKEND="allauth.account.auth_backends.AuthenticationBackend",
        LOGIN="/accounts/oidc/ib/login/",
        MORE=dict(
            # Begins without a page of its own; an app of yours shows one.
            SOCIALACCOUNT_LOGIN_ON_GET=True,
            ACCOUNT_EMAIL_VERIFICATION="none",
            SOCIALACCOUNT_PROVIDERS={
                "openid_connect": {
                    "OAUTH_PKCE_ENABLED": True,
                    "SCOPE": SCOPES,
                    "APPS": [
                        {
                            "provider_id": "ib",
                            "name": "IntelligenceBank",
                            "client_id": CLIENT_ID,
                            "secret": CLIENT_SECRET,
                            "settings": {"server_url": ISSUER},
                        }
                    ],
                }
            },
        ),
    ),
    "mozilla": dict(
        APPS=["mozilla_django_oidc"],
        MIDDLEWARE=[],
        BACKEND="mozilla_django_oidc.auth.OIDCAuthenticationBackend",
        LOGIN="/oidc/authenticate/",
        MORE=dict(
            OIDC_RP_CLIENT_ID=CLIENT_ID,
            OIDC_RP_CLIENT_SECRET=CLIENT_SECRET,
            OIDC_RP_SCOPES="openid profile email",
            OIDC_RP_SIGN_ALGO="RS256",
            OIDC_USE_PKCE=True,
            OIDC_OP_AUTHORIZATION_ENDPOINT=ISSUER + "/authorize",
            OIDC_OP_TOKEN_ENDPOINT=ISSUER + "/token",
            OIDC_OP_USER_ENDPOINT=ISSUER + "/userinfo",
            OIDC_OP_JWKS_ENDPOINT=ISSUER + "/jwks",
        ),
    ),
    "social": dict(
        APPS=["social_django"],
        MIDDLEWARE=[],
        BACKEND="social_core.backends.open_id_connect.OpenIdConnectAuth",
        LOGIN="/login/oidc/",
        MORE=dict(
            SOCIAL_AUTH_OIDC_OIDC_ENDPOINT=ISSUER,
            SOCIAL_AUTH_OIDC_KEY=CLIENT_ID,
            SOCIAL_AUTH_OIDC_SECRET=CLIENT_SECRET,
            SOCIAL_AUTH_OIDC_SCOPE=["offline_access"],
            SOCIAL_AUTH_OIDC_USERNAME_KEY="sub",
        ),
    ),
}[LIBRARY]

settings.configure(
    SECRET_KEY="a secret of the app alone",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": tempfile.mkdtemp() + "/db"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", *SETTINGS["APPS"]],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        *SETTINGS["MIDDLEWARE"],
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    AUTHENTICATION_BACKENDS=[SETTINGS["BACKEND"]],
    LOGIN_REDIRECT_URL="/",
    **SETTINGS["MORE"],
)
django.setup()


def home(request):
    if not request.user.is_authenticated and LIBRARY == "social":
        return HttpResponse(f'<form method="post" action="{SETTINGS["LOGIN"]}"><button>Sign in</button></form>')
    if not request.user.is_authenticated:
        return HttpResponseRedirect(SETTINGS["LOGIN"])
    return HttpResponse(f"signed in as {request.user.first_name} {request.user.last_name}, {request.user.email}")


def refresh(request):
    from social_django.utils import load_strategy

    account = request.user.social_auth.get()
    before = account.extra_data["access_token"]
    account.refresh_token(load_strategy())
    return HttpResponse("the same token" if account.extra_data["access_token"] == before else "a new token")


def sign_out(request):
    from django.contrib.auth import logout
    from urllib.parse import urlencode

    logout(request)
    query = urlencode({"client_id": CLIENT_ID, "post_logout_redirect_uri": ORIGIN + "/bye"})
    return HttpResponseRedirect(f"{ISSUER}/logout?{query}")


urlpatterns = [
    path("", home),
    path("refresh", refresh),
    path("sign-out", sign_out),
    path("bye", lambda request: HttpResponse("signed out")),
    *{
        "allauth": lambda: [path("accounts/", include("allauth.urls"))],
        "mozilla": lambda: [path("oidc/", include("mozilla_django_oidc.urls"))],
        "social": lambda: [path("", include("social_django.urls", namespace="social"))],
    }[LIBRARY](),
]

call_command("migrate", verbosity=0)
call_command("runserver", f"localhost:{PORT}", use_reloader=False, verbosity=0)
