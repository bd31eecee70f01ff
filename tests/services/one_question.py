"""The shortest survey there is, as its file is written; what is added to it says when it is asked."""

ONE_QUESTION = """
key = "{key}"
[title]
en = "{key}"
[[questions]]
key = "csat"
kind = "csat"
text.en = "How is {key}?"
[when]
"""
