# frozen_string_literal: true

require "aws-sdk-s3"
require_relative "environment"

# Objects in S3 by the SDK that Mastodon has, with the options of its config/initializers/paperclip.rb. No ACL: that is what
# an empty S3_PERMISSION means.
module Storage
  # Mastodon's: whoever waits for S3 waits no longer.
  TIMEOUTS = { http_open_timeout: 5, http_read_timeout: 5, http_idle_timeout: 5, retry_limit: 0 }.freeze
  HEADERS = { cache_control: "public, max-age=315576000, immutable", multipart_threshold: 15 * 1024 * 1024 }.freeze

  def self.bucket
    @bucket ||= Aws::S3::Resource.new(
      region: ENV.fetch("S3_REGION"),
      access_key_id: ENV.fetch("AWS_ACCESS_KEY_ID"),
      secret_access_key: ENV.fetch("AWS_SECRET_ACCESS_KEY"),
      **TIMEOUTS
    ).bucket(ENV.fetch("S3_BUCKET"))
  end

  def self.put(key, path, content_type)
    bucket.object(key).upload_file(path, content_type:, **HEADERS)
  end

  def self.get(key, path) = bucket.object(key).download_file(path)

  def self.delete(key) = bucket.object(key).delete

  # Where the world gets it.
  def self.url(key) = "#{ENV.fetch("S3_PROTOCOL", "https")}://#{ENV.fetch("S3_ALIAS_HOST")}/#{key}"
end
