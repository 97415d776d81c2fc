"""Bytes -> Case, and case pixels <-> model pixels. No torch."""
