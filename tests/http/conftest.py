"""The toy product, on the embedded default and on Kafka and PostgreSQL."""

from toy_bench import bench

__all__ = ["bench"]
