"""The clearinghouse port: hand an interchange over, and collect what came back.

`port.py` says what an adapter must do, `http.py` and `folder.py` are the adapters, and `routes.py`
reads from a tenant's directory which one each receiver is reached by.
"""
