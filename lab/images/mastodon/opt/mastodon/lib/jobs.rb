# frozen_string_literal: true

require "json"
require "sidekiq"
require_relative "databases"

# The fan-out of one post, on the queue where Mastodon has it: it is in its author's own feed, and whoever listens to the public
# timelines gets it.
class DistributionWorker
  include Sidekiq::Job
  sidekiq_options queue: "default", retry: 5

  CHANNELS = %w[timeline:public timeline:public:local].freeze

  def perform(status_id)
    status = Status.json(status_id)
    message = JSON.generate({ event: "update", payload: status })
    Sidekiq.redis do |redis|
      redis.call("ZADD", "feed:home:#{status[:account][:id]}", status_id, status_id)
      CHANNELS.each { |channel| redis.call("PUBLISH", channel, message) }
    end
  end
end

# As the API shows a post.
module Status
  def self.create(account_id, text)
    rows = Databases.query("INSERT INTO statuses (account_id, text, local) VALUES ($1, $2, true) RETURNING id", [account_id, text])
    Integer(rows.first["id"]).tap { |id| DistributionWorker.perform_async(id) }
  end

  def self.json(id)
    row = Databases.query("SELECT statuses.*, accounts.username FROM statuses JOIN accounts ON accounts.id = account_id WHERE statuses.id = $1", [id]).first
    { id: id.to_s, created_at: row["created_at"], content: "<p>#{row["text"]}</p>", language: "en", mentions: [],
      account: { id: row["account_id"], username: row["username"], acct: row["username"] } }
  end
end
