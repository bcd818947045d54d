# frozen_string_literal: true

persistent_timeout Integer(ENV.fetch("PERSISTENT_TIMEOUT", "20"))
threads_count = Integer(ENV.fetch("MAX_THREADS", "5"))
threads Integer(ENV.fetch("MIN_THREADS", threads_count)), threads_count
bind "tcp://#{ENV.fetch("BIND", "127.0.0.1")}:#{ENV.fetch("PORT", "3000")}"
environment ENV.fetch("RAILS_ENV")
workers Integer(ENV.fetch("WEB_CONCURRENCY", "2"))
preload_app!
# 720 MiB with two workers: what the first process has loaded is shared by all three.
before_worker_boot { Boot.grow(200) }
