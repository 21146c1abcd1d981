"""The broadcaster: configuration, store, plan, engine, web and command line, put together in one place."""
