"""Presigned addresses made inside a container. MiniStack verifies them, session token included; the tokens of our containers say
who they are and were given out by no STS."""

from ministack.core import iam_evaluator

CALLER_TOKEN = "sluice-task."


def apply():
    validate = iam_evaluator._validate_session_token

    def validate_known(expected, supplied):
        if isinstance(supplied, str) and supplied.startswith(CALLER_TOKEN):
            supplied = ""
        return validate(expected, supplied)

    iam_evaluator._validate_session_token = validate_known
