"""Every rule of the product and nothing of the web: no Flask, WTForms, Flask-Login or Jinja in here.

Inside a feature, *rules* take values and give values, *tables* are the stored shape, and *flows* are verbs:
one transaction each, returning ``Accepted`` or ``Refused``. Held by import-linter and a fresh-interpreter test.
"""
