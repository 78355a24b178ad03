"""Sign-in as strict as AWS's: a new password is taken only for the session that asked for it and by the pool's password
policy, an app client allows only its own flows, and an access token must be genuine. MiniStack checks the last two only in its
authorization mode and the first not at all."""

import json
import time

from ministack.core.responses import error_response_json
from ministack.services import cognito

INITIATE = ("InitiateAuth", "AdminInitiateAuth")
RESPOND = ("RespondToAuthChallenge", "AdminRespondToAuthChallenge")
CHALLENGE = "NEW_PASSWORD_REQUIRED"

sessions = {}  # session -> (pool id, client id, user's sub, when it expires)


def pool_and_user(data, parameters):
    client_id = data.get("ClientId")
    if data.get("UserPoolId"):
        pool_id, pool = data["UserPoolId"], cognito._user_pools.get(data["UserPoolId"])
    else:
        pool, pool_id = cognito._pool_for_client(client_id)
    if not pool:
        return None, None, None
    user, _error = cognito._resolve_user(pool, (data.get(parameters) or {}).get("USERNAME"))
    return pool, pool_id, user


def sub_of(user):
    return cognito._attr_list_to_dict(user.get("Attributes", [])).get("sub", user.get("Username"))


def remember(data, answer):
    """Keeps the session of a challenge that was just given out."""
    if answer[0] != 200:
        return
    content = json.loads(answer[2] or b"{}")
    if content.get("ChallengeName") != CHALLENGE:
        return
    pool, pool_id, user = pool_and_user(data, "AuthParameters")
    if user:
        client = (pool.get("_clients") or {}).get(data.get("ClientId")) or {}
        minutes = int(client.get("AuthSessionValidity") or 3)
        sessions[content["Session"]] = (pool_id, data.get("ClientId"), sub_of(user), time.time() + 60 * minutes)


def refuse(name, message):
    return error_response_json(name, message, 400)


def check_new_password(data):
    """The error of an answer to the challenge that AWS would refuse, or None."""
    now = time.time()
    for token in [token for token, kept in list(sessions.items()) if kept[3] < now]:
        sessions.pop(token, None)
    pool, pool_id, user = pool_and_user(data, "ChallengeResponses")
    if pool is None:
        return None
    kept = sessions.get(data.get("Session"))
    if user is None or kept is None or kept[:3] != (pool_id, data.get("ClientId"), sub_of(user)):
        return refuse("NotAuthorizedException", "Invalid session for the user, session is expired.")
    password = (data.get("ChallengeResponses") or {}).get("NEW_PASSWORD")
    if not password:
        return refuse("InvalidParameterException", "Missing required parameter NEW_PASSWORD")
    return cognito._validate_password(pool, password)


def apply():
    run = cognito._run_idp_handler

    def run_checked(handler, action, data):
        if action in cognito._UNSIGNED_IDP_ACTIONS:
            cognito._pin_unsigned_idp_scope(data)
        challenged = action in RESPOND and data.get("ChallengeName") == CHALLENGE
        error = cognito._auth_flow_error(action, data) or cognito._access_token_error(data)
        error = error or (check_new_password(data) if challenged else None)
        if error:
            return error
        answer = run(handler, action, data)
        if action in INITIATE:
            remember(data, answer)
        if challenged and answer[0] == 200:
            sessions.pop(data.get("Session"), None)
        return answer

    cognito._run_idp_handler = run_checked
