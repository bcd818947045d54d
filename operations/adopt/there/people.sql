-- How many people there are, and how many of them are active.
SELECT jsonb_build_object('users', count(*), 'active', count(*) FILTER (WHERE current_sign_in_at > now() - interval '30 days')) FROM users;
