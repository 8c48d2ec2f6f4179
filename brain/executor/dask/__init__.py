"""Steps on an existing Dask cluster: what this process does is in `cluster`, what a worker does in `worker`."""
