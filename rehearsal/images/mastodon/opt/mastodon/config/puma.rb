# frozen_string_literal: true

threads_count = Integer(ENV.fetch("MAX_THREADS", "5"))
threads threads_count, threads_count
bind "tcp://#{ENV.fetch("BIND")}:#{ENV.fetch("PORT", "3000")}"
workers Integer(ENV.fetch("WEB_CONCURRENCY", "2"))
preload_app!
rackup "config.ru"
