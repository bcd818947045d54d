# frozen_string_literal: true

require "socket"
require "sidekiq"
require_relative "databases"

# The fan-out of one post, on the queue where Mastodon has it: a row that names the worker, and a message to streaming.
class FanOutJob
  include Sidekiq::Job
  sidekiq_options queue: "default", retry: 5

  def perform(status_id)
    Databases.query("INSERT INTO deliveries (status_id, host, pid) VALUES ($1, $2, $3)",
                    [status_id, Socket.gethostname, Process.pid])
    Sidekiq.redis { |redis| redis.call("PUBLISH", "timeline:public", status_id.to_s) }
  end
end
