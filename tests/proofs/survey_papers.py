"""The surveys of the proof's shop, as it would write them: three that compete for one budget, and one after cases."""


def _words(en: str) -> str:
    return f'{{ en = "{en}", zh_CN = "{en}（简）", zh_TW = "{en}（繁）" }}'


PURCHASE = f"""
key = "purchase"
title = {_words("Your purchase")}
[when]
after_purchase = "2d"
cadence = "12d"
late_after = "5d"
remind_after = "3d"
expires_after = "10d"
[[questions]]
key = "happy"
kind = "csat"
text = {_words("How happy are you with it?")}
jumps = [{{ to = "words", at_least = 4 }}]
[[questions]]
key = "reason"
kind = "choice"
text = {_words("What was it?")}
options = [
  {{ key = "price", label = {_words("The price")} }},
  {{ key = "quality", label = {_words("The quality")} }},
  {{ key = "nothing", label = {_words("Nothing")} }},
]
jumps = [{{ to = "end", chosen = ["nothing"] }}]
[[questions]]
key = "words"
kind = "text"
text = {_words("Anything else?")}
"""

PURCHASE_2 = (
    PURCHASE
    + f"""
[[questions]]
key = "liked"
kind = "multi_choice"
text = {_words("What did you like?")}
options = [
  {{ key = "cloth", label = {_words("The cloth")} }},
  {{ key = "cut", label = {_words("The cut")} }},
]
"""
)

PULSE = f"""
key = "pulse"
acts = false
title = {_words("This month")}
[when]
every = "month"
day = 25
at = "10:00"
cadence = "20d"
late_after = "3d"
remind_after = "2d"
expires_after = "7d"
[[questions]]
key = "mood"
kind = "csat"
required = true
text = {_words("How was this month with us?")}
"""

RELATION = f"""
key = "relation"
title = {_words("You and us")}
[when]
every = "quarter"
day = 24
at = "20:30"
sample = 0.6
seed = "autumn"
cadence = "80d"
late_after = "6d"
remind_after = "4d"
expires_after = "12d"
[[questions]]
key = "recommend"
kind = "nps"
text = {_words("Would you recommend us?")}
jumps = [{{ to = "words", at_least = 9 }}]
[[questions]]
key = "why"
kind = "multi_choice"
text = {_words("Why not?")}
options = [
  {{ key = "price", label = {_words("The price")} }},
  {{ key = "service", label = {_words("The service")} }},
  {{ key = "range", label = {_words("The choice")} }},
]
[[questions]]
key = "effort"
kind = "ces"
required = true
text = {_words("We make it easy.")}
[[questions]]
key = "words"
kind = "text"
text = {_words("Tell us more")}
"""

CASE = f"""
key = "solved"
title = {_words("Your case")}
[when]
after_case = "any"
remind_after = "never"
expires_after = "9d"
[[questions]]
key = "helped"
kind = "csat"
text = {_words("Did that help?")}
[[questions]]
key = "effort"
kind = "ces"
text = {_words("It was easy.")}
"""

PAPERS = {"purchase": [PURCHASE, PURCHASE_2], "pulse": [PULSE], "relation": [RELATION], "solved": [CASE]}
