"""The second factors. Siblings that never import each other; a passkey would slot in beside them."""
